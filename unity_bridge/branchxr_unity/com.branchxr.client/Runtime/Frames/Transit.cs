using System;

namespace BranchXR.Frames
{
    /// <summary>How long frames take. Only differences count: clocks need not agree.</summary>
    internal sealed class Transit
    {
        private const int Window = 128;
        private const int AtLeast = 16;
        private readonly double[] transitsMs = new double[Window];
        private readonly double[] sorted = new double[Window];
        private int count;
        private int next;

        /// <summary>The fastest way a frame of the window took.</summary>
        internal double FastestMs { get; private set; }

        /// <summary>The 95th percentile above the fastest; less than 0 until enough is known.</summary>
        internal double JitterMs { get; private set; }

        internal Transit() { Clear(); }

        internal void Note(double transitMs)
        {
            // Kept sorted: Array.Sort allocates 128 bytes a call on Mono.
            if (count == Window) Forget(transitsMs[next]);
            transitsMs[next] = transitMs;
            next = (next + 1) % Window;
            int place = count++;
            for (; place > 0 && sorted[place - 1] > transitMs; place--) sorted[place] = sorted[place - 1];
            sorted[place] = transitMs;
            FastestMs = sorted[0];
            if (count >= AtLeast) JitterMs = sorted[(int)(count * 0.95)] - sorted[0];
        }

        private void Forget(double transitMs)
        {
            int place = Array.IndexOf(sorted, transitMs, 0, count);
            count--;
            Array.Copy(sorted, place + 1, sorted, place, count - place);
        }

        internal void Clear()
        {
            count = 0;
            next = 0;
            JitterMs = -1;
        }
    }
}
