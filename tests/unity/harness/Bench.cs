using System;
using System.Collections.Generic;
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
                double start = ThreadUse.CpuUs();
                int count = 0;
                foreach (byte[] frame in frames)
                {
                    // The tick of a frame is its own; the clock here goes on by one tick a frame.
                    bodies.Feed(frame, 0, frame.Length, nowMs += 50);
                    count = bodies.Sample(nowMs + 5);
                }
                double took = (ThreadUse.CpuUs() - start) / frames.Count;
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
                    double start = ThreadUse.CpuUs();
                    for (int turn = 0; turn < 200; turn++)
                    {
                        block.Puppets.Publish((byte*)from, (byte*)rows, 1000);
                        uint* taken;
                        float* shown;
                        int count;
                        block.Puppets.TryTake(out taken, out shown, out count);
                        block.Puppets.Release();
                    }
                    us.Add((ThreadUse.CpuUs() - start) / 200);
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
}
