using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace BranchXR.Harness
{
    // What frames took, and how much of it was waiting: for a lock, a pipe, a process. A machine with more to do
    // than processors puts a thread aside as well; the kernel says for how long, and that is no waiting.
    internal sealed class FrameTimes
    {
        private const int Most = 100000;
        private readonly List<double> wallMs = new List<double>(), cpuMs = new List<double>(), blockedMs = new List<double>();
        private long startedAt, waitsBefore, asideBefore, waits, seenWaits;
        private double cpuBefore, delayBefore;
        private long aside;

        internal void Begin()
        {
            ThreadUse.Switches(out waitsBefore, out asideBefore);
            delayBefore = ThreadUse.DelayMs();
            cpuBefore = ThreadUse.CpuUs();
            startedAt = Stopwatch.GetTimestamp();
        }

        internal double End()
        {
            double tookMs = (Stopwatch.GetTimestamp() - startedAt) * 1e3 / Stopwatch.Frequency;
            double ownMs = (ThreadUse.CpuUs() - cpuBefore) / 1e3;
            double delayMs = ThreadUse.DelayMs() - delayBefore;
            long voluntary, involuntary;
            ThreadUse.Switches(out voluntary, out involuntary);
            waits += voluntary - waitsBefore;
            aside += involuntary - asideBefore;
            if (wallMs.Count == Most) return tookMs;
            wallMs.Add(tookMs);
            cpuMs.Add(ownMs);
            // Whoever never gave the processor up waited for nothing; a virtual machine's host takes time unseen.
            blockedMs.Add(voluntary == waitsBefore ? 0 : Math.Max(0, tookMs - ownMs - delayMs));
            return tookMs;
        }

        // How often frames gave the processor up since this was asked last.
        internal long TakeWaits()
        {
            long since = waits - seenWaits;
            seenWaits = waits;
            return since;
        }

        // All since this was asked last.
        internal string Take()
        {
            string all = new Json().Add("ms", wallMs).Add("cpu_ms", cpuMs).Add("blocked_ms", blockedMs)
                .Add("waits", waits).Add("aside", aside).ToString();
            wallMs.Clear();
            cpuMs.Clear();
            blockedMs.Clear();
            waits = seenWaits = aside = 0;
            return all;
        }
    }
}
