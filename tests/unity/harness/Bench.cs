using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using BranchXR.Frames;
using UnityEngine;

namespace BranchXR.Harness
{
    // Commands without a stage: the layout, byte for byte, and what things cost.
    internal static unsafe class Bench
    {
        internal static string Do(string[] words)
        {
            switch (words[0])
            {
                case "rewrite": return Rewrite(words[1]);
                case "refuses": return Refuses(words[1]);
                case "bodies": return Bodies(words[1].Split(' '), int.Parse(words[2]));
                case "slabs": return Slabs(int.Parse(words[1]));
                default: return Json.Of("error", "no command " + words[0]);
            }
        }

        // Feed frames one after another, and show all bodies after each as 90 Hz would: 4.5 times.
        private static string Bodies(string[] hex, int repeats)
        {
            var frames = new List<byte[]>();
            foreach (string one in hex) frames.Add(Bytes(one));
            var bodies = new Interpolator(cell => Vector3.zero);
            var us = new List<double>(repeats);
            double nowMs = 0;
            long allocated = 0;
            for (int repeat = -10; repeat < repeats; repeat++)
            {
                long before = GC.GetTotalMemory(false);
                double start = ThreadCpu.Us();
                int count = 0;
                foreach (byte[] frame in frames)
                {
                    // The tick of a frame is its own; the clock here goes on by one tick a frame.
                    bodies.Feed(frame, 0, frame.Length, nowMs += 50);
                    count = bodies.Sample(nowMs + 5);
                }
                double took = (ThreadCpu.Us() - start) / frames.Count;
                if (repeat < 0) continue;
                us.Add(took);
                allocated += GC.GetTotalMemory(false) - before;
                if (count == 0) return Json.Of("error", "no bodies");
            }
            return new Json().Add("us", us).Add("allocated", allocated).ToString();
        }

        // The carrier's own copy of 1,000 poses, and the main thread's taking of them.
        private static string Slabs(int repeats)
        {
            BranchBlock block = BranchBlock.Create(1024, false);
            var ids = new uint[2048];
            var poses = new float[1024 * BlockLayout.PoseFloats];
            var us = new List<double>();
            fixed (uint* from = ids)
            fixed (float* rows = poses)
            {
                for (int repeat = 0; repeat < repeats; repeat++)
                {
                    double start = ThreadCpu.Us();
                    for (int turn = 0; turn < 200; turn++)
                    {
                        block.Puppets.Publish((byte*)from, (byte*)rows, 1000);
                        uint* taken;
                        float* shown;
                        int count;
                        block.Puppets.TryTake(out taken, out shown, out count);
                        block.Puppets.Release();
                    }
                    us.Add((ThreadCpu.Us() - start) / 200);
                }
            }
            return Json.Of("us", us);
        }

        private static byte[] Bytes(string hex)
        {
            var bytes = new byte[hex.Length / 2];
            for (int index = 0; index < bytes.Length; index++) bytes[index] = Convert.ToByte(hex.Substring(index * 2, 2), 16);
            return bytes;
        }

        private static string Refuses(string hex)
        {
            try { Rewrite(hex); }
            catch (BranchError error) { return Json.Of("code", error.Code); }
            return Json.Of("code", "none");
        }

        // Read a record and write it again.
        private static string Rewrite(string hex)
        {
            byte[] record = Bytes(hex);
            var writer = new RecordWriter();
            fixed (byte* from = record)
            {
                var reader = new RecordReader(from + 8, (int)*(uint*)from);
                AnyRecord.Rewrite(*(ushort*)(from + 4), ref reader, writer);
            }
            var text = new StringBuilder();
            for (int index = 0; index < writer.Length; index++) text.Append(writer.Buffer[index].ToString("x2"));
            return Json.Of("hex", text.ToString());
        }
    }

    // CPU time of this thread: what it cost, not how busy the machine was.
    internal static class ThreadCpu
    {
        private const int ThreadCpuClock = 3;

        [StructLayout(LayoutKind.Sequential)]
        private struct Timespec
        {
            internal long Seconds, Nanoseconds;
        }

        [DllImport("libc")]
        private static extern int clock_gettime(int clock, out Timespec time);

        [DllImport("libc")]
        private static extern unsafe int getrusage(int who, long* usage);

        // How often this thread gave the processor up by itself: it waited for something. Being put aside by a
        // busy machine does not count, as a longer frame would.
        internal static unsafe long Waits()
        {
            const int Thread = 1, VoluntarySwitches = 16;
            long* usage = stackalloc long[18];
            getrusage(Thread, usage);
            return usage[VoluntarySwitches];
        }

        internal static double Us()
        {
            Timespec now;
            clock_gettime(ThreadCpuClock, out now);
            return now.Seconds * 1e6 + now.Nanoseconds / 1e3;
        }
    }
}
