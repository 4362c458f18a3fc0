using System;
using System.Runtime.InteropServices;
using System.Text;

namespace BranchXR
{
    /// <summary>Reads the fields of one record's payload; never beyond its end.</summary>
    /// <remarks>Little endian, as every platform of Unity is; fields are not aligned.</remarks>
    internal unsafe struct RecordReader
    {
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);
        private byte* at;
        private readonly byte* end;

        internal RecordReader(byte* payload, int size)
        {
            at = payload;
            end = payload + size;
        }

        internal int Left { get { return (int)(end - at); } }

        internal bool Bool() { return *Take(1) != 0; }

        internal ushort U16() { return *(ushort*)Take(2); }

        internal uint U32() { return *(uint*)Take(4); }

        internal ulong U64() { return *(ulong*)Take(8); }

        internal int I32() { return *(int*)Take(4); }

        internal float F32() { return *(float*)Take(4); }

        internal string Text()
        {
            int count = Count(1);
            if (count == 0) return "";
            try { return Strict.GetString(Take(count), count); }
            catch (ArgumentException) { throw Malformed("text that is no UTF-8"); } // as Python's side does
        }

        internal byte[] Bytes() { return Copy(Count(1)); }

        internal byte[] Rest() { return Copy(Left); }

        internal float[] Floats()
        {
            var values = new float[Count(4)];
            byte* from = Take(values.Length * 4);
            if (values.Length > 0) Marshal.Copy((IntPtr)from, values, 0, values.Length);
            return values;
        }

        /// <summary>Read pairs of index and generation, flat.</summary>
        internal uint[] Ids()
        {
            var values = new uint[Count(8) * 2];
            byte* from = Take(values.Length * 4);
            fixed (uint* to = values) Buffer.MemoryCopy(from, to, values.Length * 4L, values.Length * 4L);
            return values;
        }

        /// <summary>Read a count whose units, of so many bytes at least, must all be there.</summary>
        internal int Count(int unitBytes)
        {
            uint count = U32();
            if (count > (uint)(Left / unitBytes)) throw Malformed("a count of " + count);
            return (int)count;
        }

        /// <summary>Read a count and point at its units without copying them.</summary>
        internal byte* Point(int unitBytes, out int count)
        {
            count = Count(unitBytes);
            return Take(count * unitBytes);
        }

        internal void RequireEnd(string record)
        {
            if (at != end) throw Malformed(Left + " bytes after the last field of " + record);
        }

        private byte[] Copy(int count)
        {
            var bytes = new byte[count];
            byte* from = Take(count);
            if (count > 0) Marshal.Copy((IntPtr)from, bytes, 0, count);
            return bytes;
        }

        private byte* Take(int count)
        {
            if (count > end - at) throw Malformed("an end after " + Left + " bytes");
            byte* taken = at;
            at += count;
            return taken;
        }

        private static BranchError Malformed(string came)
        {
            return new BranchError(
                "record_malformed", "expected a whole record of layout version " + BlockLayout.Version + ", got " + came,
                "RecordReader", "use the package and the Python of one version");
        }
    }
}
