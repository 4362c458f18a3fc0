using System;
using System.Threading;

namespace BranchXR
{
    /// <summary>Puts records into a ring: one thread, never blocks, never cuts a record.</summary>
    internal sealed unsafe class RingWriter
    {
        private readonly byte* memory;
        private readonly int size;
        private readonly long* written;
        private readonly long* read;

        internal RingWriter(byte* memory, int size, long* written, long* read)
        {
            this.memory = memory;
            this.size = size;
            this.written = written;
            this.read = read;
        }

        internal long Written { get { return Volatile.Read(ref *written); } }

        internal int Used { get { return (int)(Written - Volatile.Read(ref *read)); } }

        internal int Size { get { return size; } }

        /// <summary>Put one record, header and padding included; say whether there was room, some to spare.</summary>
        internal bool TryPut(byte[] record, int offset, int count, int spare = 0)
        {
            fixed (byte* from = record) return TryPut(from + offset, count, spare);
        }

        internal bool TryPut(byte* record, int count, int spare = 0)
        {
            long now = *written;
            int at = (int)(now & (size - 1));
            int toEnd = size - at;
            int padding = count > toEnd ? toEnd : 0;
            if (size - (now - Volatile.Read(ref *read)) < count + padding + spare) return false;
            if (padding > 0)
            {
                *(uint*)(memory + at) = (uint)(toEnd - 8);
                *(uint*)(memory + at + 4) = BlockLayout.Padding;
                at = 0;
            }
            Buffer.MemoryCopy(record, memory + at, count, count);
            Volatile.Write(ref *written, now + padding + count);
            return true;
        }
    }

    /// <summary>Takes records out of a ring: one thread, without a copy.</summary>
    internal sealed unsafe class RingReader
    {
        private readonly byte* memory;
        private readonly int size;
        private readonly long* written;
        private readonly long* read;
        private long next;

        internal RingReader(byte* memory, int size, long* written, long* read)
        {
            this.memory = memory;
            this.size = size;
            this.written = written;
            this.read = read;
        }

        internal long Written { get { return Volatile.Read(ref *written); } }

        internal long Position { get { return Volatile.Read(ref *read); } }

        /// <summary>Look at the next record; it stays until <see cref="Advance"/>.</summary>
        /// <exception cref="BranchError"><c>record_malformed</c>; the ring is emptied.</exception>
        internal bool TryPeek(out ushort code, out byte* payload, out int count)
        {
            return TryPeek(*read, out code, out payload, out count, out next);
        }

        /// <summary>Take the record that was looked at.</summary>
        internal void Advance() { Volatile.Write(ref *read, next); }

        /// <summary>Let everything before a position go.</summary>
        internal void Release(long position)
        {
            if (position > *read && position <= Written) Volatile.Write(ref *read, position);
        }

        /// <summary>Look at the record at a position that has not been released, and where the next is.</summary>
        internal bool TryPeek(long position, out ushort code, out byte* payload, out int count, out long after)
        {
            code = 0;
            payload = null;
            count = 0;
            after = position;
            long end = Written;
            while (after < end)
            {
                byte* record = memory + (after & (size - 1));
                uint length = *(uint*)record;
                long whole = 8 + (((long)length + 7) & ~7L);
                if (whole > memory + size - record || after + whole > end) throw Malformed(length, end);
                after += whole;
                code = *(ushort*)(record + 4);
                if (code == BlockLayout.Padding) continue;
                payload = record + 8;
                count = (int)length;
                return true;
            }
            return false;
        }

        private BranchError Malformed(uint length, long end)
        {
            Volatile.Write(ref *read, end);
            return new BranchError(
                "record_malformed", "expected whole records in the ring, got one of " + length + " bytes", "RingReader",
                "use the package and the Python of one version");
        }
    }
}
