using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using BranchXR.Frames;
using UnityEngine;

// One cell frame of N bodies decoded and stored, then all bodies worked out for a picture: thread CPU
// time and bytes allocated, as one line of JSON.
// usage: mono Decode.exe BODIES ROUNDS
internal static class Decode
{
    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }

    [DllImport("libc", EntryPoint = "clock_gettime")]
    private static extern int ClockGetTime(int clock, out Timespec time);

    private static double ThreadMs()
    {
        Timespec time;
        ClockGetTime(3, out time); // CLOCK_THREAD_CPUTIME_ID
        return time.Seconds * 1e3 + time.Nanoseconds / 1e6;
    }

    private static void Main(string[] arguments)
    {
        int bodies = int.Parse(arguments[0]), rounds = int.Parse(arguments[1]);
        byte[][] frames = { Frame(bodies, 1), Frame(bodies, 2) };
        var interpolator = new Interpolator(cell => Vector3.zero);
        for (int tick = 0; tick < 200; tick++) Round(interpolator, frames[tick & 1], tick);
        var feedMs = new double[rounds];
        var sampleMs = new double[rounds];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < rounds; round++)
        {
            int tick = 200 + round;
            byte[] frame = frames[tick & 1];
            Stamp(frame, tick);
            double start = ThreadMs();
            interpolator.Feed(frame, 0, frame.Length, tick * 50 + 7);
            double fed = ThreadMs();
            interpolator.Sample(tick * 50 + 20);
            sampleMs[round] = ThreadMs() - fed;
            feedMs[round] = fed - start;
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Array.Sort(feedMs);
        Array.Sort(sampleMs);
        Console.WriteLine("{{\"bodies\":{0},\"decode_ms\":{1:F4},\"interpolate_ms\":{2:F4},\"allocated_bytes\":{3}}}",
            interpolator.Count, feedMs[rounds / 2], sampleMs[rounds / 2], allocated);
    }

    private static void Round(Interpolator interpolator, byte[] frame, int tick)
    {
        Stamp(frame, tick);
        string refused = interpolator.Feed(frame, 0, frame.Length, tick * 50 + 7);
        if (refused != null) throw new InvalidOperationException(refused);
        interpolator.Sample(tick * 50 + 20);
    }

    private static void Stamp(byte[] frame, int tick)
    {
        for (int index = 0; index < 4; index++) frame[4 + index] = (byte)(tick >> 8 * index);
        frame[10] = (byte)(tick * 50);
        frame[11] = (byte)(tick * 50 >> 8);
    }

    private static byte[] Frame(int bodies, int seed)
    {
        var random = new System.Random(seed);
        var bytes = new byte[12 + bodies * 34];
        random.NextBytes(bytes);
        bytes[0] = 1;
        bytes[1] = 1;
        BitConverter.GetBytes((ushort)bodies).CopyTo(bytes, 8);
        for (int body = 0; body < bodies; body++)
        {
            int at = 12 + body * 34;
            BitConverter.GetBytes((ushort)body).CopyTo(bytes, at);
            bytes[at + 2] = 1;
            bytes[at + 3] = 5;
            // Within a metre: a jump would leave nothing to interpolate.
            for (int axis = 0; axis < 3; axis++)
            {
                BitConverter.GetBytes((short)random.Next(-500, 500)).CopyTo(bytes, at + 4 + axis * 2);
            }
        }
        return bytes;
    }
}
