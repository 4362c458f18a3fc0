using System;
using System.Text;

namespace BranchXR
{
    /// <summary>Writes records into a buffer that is used again and again.</summary>
    internal sealed class RecordWriter
    {
        private const int HeaderBytes = 8;
        private byte[] buffer = new byte[1024];
        private int start;

        internal byte[] Buffer { get { return buffer; } }

        /// <summary>How many bytes were written since <see cref="Clear"/>.</summary>
        internal int Length { get; private set; }

        internal void Clear() { Length = 0; }

        internal void Begin(ushort code)
        {
            start = Length;
            U32(0);
            U16(code);
            U16(0);
        }

        internal void End()
        {
            int size = Length - start - HeaderBytes;
            if (size > BlockLayout.RecordMax)
            {
                Length = start;
                throw new BranchError(
                    "record_too_long", "expected at most " + BlockLayout.RecordMax + " bytes, got " + size,
                    "RecordWriter", "send less at once");
            }
            for (int index = 0; index < 4; index++) buffer[start + index] = (byte)(size >> (8 * index));
            while (Length % BlockLayout.Align != 0) Put(0, 1);
        }

        internal void Bool(bool value) { Put(value ? 1u : 0u, 1); }

        internal void U16(ushort value) { Put(value, 2); }

        internal void U32(uint value) { Put(value, 4); }

        internal void U64(ulong value) { Put(value, 8); }

        internal void I32(int value) { Put((uint)value, 4); }

        internal unsafe void F32(float value) { Put(*(uint*)&value, 4); }

        internal void Text(string value)
        {
            value = value ?? "";
            int count = Encoding.UTF8.GetByteCount(value);
            U32((uint)count);
            Reserve(count);
            Encoding.UTF8.GetBytes(value, 0, value.Length, buffer, Length);
            Length += count;
        }

        internal void Bytes(byte[] value)
        {
            U32((uint)value.Length);
            Rest(value);
        }

        internal void Rest(byte[] value)
        {
            Reserve(value.Length);
            System.Buffer.BlockCopy(value, 0, buffer, Length, value.Length);
            Length += value.Length;
        }

        internal void Floats(float[] value)
        {
            U32((uint)value.Length);
            Reserve(value.Length * 4);
            System.Buffer.BlockCopy(value, 0, buffer, Length, value.Length * 4);
            Length += value.Length * 4;
        }

        internal void Ids(uint[] value)
        {
            U32((uint)value.Length / 2);
            Reserve(value.Length * 4);
            System.Buffer.BlockCopy(value, 0, buffer, Length, value.Length * 4);
            Length += value.Length * 4;
        }

        private void Put(ulong value, int bytes)
        {
            Reserve(bytes);
            for (int index = 0; index < bytes; index++) buffer[Length++] = (byte)(value >> (8 * index));
        }

        private void Reserve(int count)
        {
            if (buffer.Length - Length >= count) return;
            Array.Resize(ref buffer, Math.Max(buffer.Length * 2, Length + count));
        }
    }
}
