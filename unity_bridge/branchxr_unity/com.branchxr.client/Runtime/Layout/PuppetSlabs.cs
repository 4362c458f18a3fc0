using System;
using System.Threading;

namespace BranchXR
{
    /// <summary>Poses of puppets, triple buffered: one slab is shown, one may be read, one is written.</summary>
    internal sealed unsafe class PuppetSlabs
    {
        private readonly byte* slabs;
        private readonly int slabBytes;
        private readonly long* published;
        private readonly long* held;
        private long taken;

        internal readonly int Most;

        internal PuppetSlabs(byte* slabs, int slabBytes, int most, long* published, long* held)
        {
            this.slabs = slabs;
            this.slabBytes = slabBytes;
            this.published = published;
            this.held = held;
            Most = most;
            taken = -1;
        }

        /// <summary>Take the newest rows, if there are any that were not taken before.</summary>
        /// <param name="ids">Index and generation of each, until <see cref="Release"/>.</param>
        /// <param name="poses">22 floats of each, until <see cref="Release"/>.</param>
        internal bool TryTake(out uint* ids, out float* poses, out int count)
        {
            ids = null;
            poses = null;
            count = 0;
            long word = Volatile.Read(ref *published);
            if (word == taken || word == 0) return false;
            while (true)
            {
                *held = word & 3;
                // The writer looks at what is held before it writes, the reader here at what is shown after
                // it said what it holds: without a full barrier each could miss the other.
                Thread.MemoryBarrier();
                long again = Volatile.Read(ref *published);
                if (again == word) break;
                word = again;
            }
            taken = word;
            count = Math.Min(Most, (int)(word >> 2) & BlockLayout.PuppetsLimit);
            ids = (uint*)(slabs + (word & 3) * slabBytes);
            poses = (float*)((byte*)ids + Most * 8);
            return true;
        }

        internal void Release() { Volatile.Write(ref *held, BlockLayout.NoSlab); }

        /// <summary>Show the newest rows once more: the bodies they belong to are new.</summary>
        internal void Rewind() { taken = -1; }

        /// <summary>Copy rows in and show them: what the carrier does for a Python beside the game.</summary>
        internal void Publish(byte* ids, byte* poses, int count)
        {
            count = Math.Min(count, Most);
            long word = Volatile.Read(ref *published);
            Thread.MemoryBarrier();
            long shown = word & 3, reading = Volatile.Read(ref *held) & 3;
            long free = 0;
            while (free == shown || free == reading) free++;
            byte* slab = slabs + free * slabBytes;
            Buffer.MemoryCopy(ids, slab, Most * 8L, count * 8L);
            long poseBytes = BlockLayout.PoseFloats * 4L;
            Buffer.MemoryCopy(poses, slab + Most * 8, Most * poseBytes, count * poseBytes);
            long sequence = (word >> BlockLayout.SlabSequenceShift) + 1;
            Volatile.Write(ref *published, sequence << BlockLayout.SlabSequenceShift | (long)count << 2 | free);
        }
    }
}
