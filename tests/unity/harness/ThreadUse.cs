using System.Runtime.InteropServices;

namespace BranchXR.Harness
{
    // What Linux knows of this thread.
    internal static unsafe class ThreadUse
    {
        private const int ThreadCpuClock = 3, OfThread = 1, VoluntarySwitches = 16, InvoluntarySwitches = 17;

        [StructLayout(LayoutKind.Sequential)]
        private struct Timespec
        {
            internal long Seconds, Nanoseconds;
        }

        [DllImport("libc")]
        private static extern int clock_gettime(int clock, out Timespec time);

        [DllImport("libc")]
        private static extern int getrusage(int who, long* usage);

        [DllImport("libc")]
        private static extern int open(string path, int flags);

        [DllImport("libc")]
        private static extern long pread(int file, byte* into, long count, long offset);

        [System.ThreadStatic]
        private static int schedulerFile;

        // CPU time: what it cost, not how busy the machine was.
        internal static double CpuUs()
        {
            Timespec now;
            clock_gettime(ThreadCpuClock, out now);
            return now.Seconds * 1e6 + now.Nanoseconds / 1e3;
        }

        // How often it gave the processor up by itself, and how often it was put aside for others.
        internal static void Switches(out long voluntary, out long involuntary)
        {
            long* usage = stackalloc long[18];
            getrusage(OfThread, usage);
            voluntary = usage[VoluntarySwitches];
            involuntary = usage[InvoluntarySwitches];
        }

        // How long it was ready to run and had no processor: the second number of schedstat; 0 where there is none.
        internal static double DelayMs()
        {
            if (schedulerFile == 0) schedulerFile = open("/proc/thread-self/schedstat", 0);
            byte* text = stackalloc byte[64];
            long length = schedulerFile < 0 ? 0 : pread(schedulerFile, text, 64, 0);
            long at = 0, nanoseconds = 0;
            while (at < length && text[at] != ' ') at++;
            for (at++; at < length && text[at] != ' '; at++) nanoseconds = nanoseconds * 10 + text[at] - '0';
            return nanoseconds / 1e6;
        }
    }
}
