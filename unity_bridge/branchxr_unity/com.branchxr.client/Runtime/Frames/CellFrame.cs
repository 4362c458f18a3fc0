using UnityEngine;

namespace BranchXR.Frames
{
    /// <summary>A cell frame over the bytes that came; valid for as long as these stay in place.</summary>
    /// <remarks>
    /// 12 bytes and 34 for each body, little endian; <c>docs/protocol.md</c>. Nothing is copied and
    /// nothing is allocated, whatever the bytes are.
    /// </remarks>
    public unsafe struct CellFrame
    {
        /// <summary>20 Hz: <c>tick = floor(server monotonic ms / 50)</c>.</summary>
        public const int TickMs = 50;

        private const int HeaderBytes = 12;
        private const int RecordBytes = 34;
        private const byte Key = 0x01;
        private const byte FlagKey = 1;
        private const byte FlagComplete = 8;

        private byte* records;

        /// <summary>The cell's number in the branch.</summary>
        public ushort Cell { get; private set; }

        /// <summary>The timeline of the branch.</summary>
        public uint Tick { get; private set; }

        /// <summary>When it was packed, by the server's monotonic milliseconds.</summary>
        public long PackedMs { get; private set; }

        /// <summary>Slots of this cell that are not listed are gone.</summary>
        public bool IsComplete { get; private set; }

        /// <summary>How many bodies it lists, by ascending slot.</summary>
        public int Count { get; private set; }

        /// <summary>Read the header and check the whole frame.</summary>
        /// <param name="bytes">The message.</param>
        /// <param name="length">Its bytes.</param>
        /// <param name="frame">The frame; empty when refused.</param>
        /// <returns>
        /// Null, or why it is refused: <c>frame_type</c> (one this version does not know: skip it),
        /// <c>frame_length</c>, <c>frame_flags</c>, <c>frame_order</c> (slots must ascend).
        /// </returns>
        public static string Read(byte* bytes, int length, out CellFrame frame)
        {
            frame = default(CellFrame);
            if (length < 1 || bytes[0] != Key) return "frame_type";
            if (length < HeaderBytes) return "frame_length";
            int count = U16(bytes + 8);
            if (length != HeaderBytes + count * RecordBytes) return "frame_length";
            if ((bytes[1] & ~FlagComplete) != FlagKey) return "frame_flags";
            byte* records = bytes + HeaderBytes;
            for (int index = 1; index < count; index++)
            {
                byte* record = records + index * RecordBytes;
                if (U16(record) <= U16(record - RecordBytes)) return "frame_order";
            }
            long tickStartMs = U32(bytes + 4) * (long)TickMs;
            frame.records = records;
            frame.Cell = U16(bytes + 2);
            frame.Tick = U32(bytes + 4);
            // The header has the low 16 bits; the tick is the timeline they belong to.
            frame.PackedMs = tickStartMs + ((U16(bytes + 10) - tickStartMs) & 0xffff);
            frame.IsComplete = (bytes[1] & FlagComplete) != 0;
            frame.Count = count;
            return null;
        }

        /// <summary>The slot of a body.</summary>
        public ushort SlotAt(int index) { return U16(records + index * RecordBytes); }

        /// <summary>What travels with the pose of a body.</summary>
        public PoseFlags FlagsAt(int index) { return (PoseFlags)records[index * RecordBytes + 2]; }

        /// <summary>How old a pose was at the tick, milliseconds; 255 means this or older.</summary>
        public int AgeMsAt(int index) { return records[index * RecordBytes + 3]; }

        /// <summary>Dequantise a body.</summary>
        /// <param name="index">Below <see cref="Count"/>.</param>
        /// <param name="origin">Of the cell, in the branch's axes.</param>
        /// <param name="body">In the branch's axes.</param>
        public void Decode(int index, Vector3 origin, out Body body)
        {
            byte* at = records + index * RecordBytes + 4;
            int x = I16(at), y = I16(at + 2), z = I16(at + 4);
            Place(x, y, z, origin, out body.Head);
            Quantised.UnpackRotation(U32(at + 6), out body.HeadRotation);
            Place(x + I16(at + 10), y + I16(at + 12), z + I16(at + 14), origin, out body.Left);
            Quantised.UnpackRotation(U32(at + 16), out body.LeftRotation);
            Place(x + I16(at + 20), y + I16(at + 22), z + I16(at + 24), origin, out body.Right);
            Quantised.UnpackRotation(U32(at + 26), out body.RightRotation);
        }

        private static void Place(int x, int y, int z, Vector3 origin, out Vector3 place)
        {
            place.x = x * 0.001f + origin.x;
            place.y = y * 0.001f + origin.y;
            place.z = z * 0.001f + origin.z;
        }

        // Byte by byte: a record is 34 bytes, and not all processors read a word at an odd place.
        private static ushort U16(byte* at) { return (ushort)(at[0] | at[1] << 8); }

        private static short I16(byte* at) { return (short)(at[0] | at[1] << 8); }

        private static uint U32(byte* at) { return U16(at) | (uint)U16(at + 2) << 16; }
    }
}
