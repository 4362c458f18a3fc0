namespace UnityEngine.Stub
{
    // What Time shows. It stands still inside a frame.
    internal static class Clock
    {
        internal static double Time;
        internal static double Delta;
        internal static double Realtime;

        internal const double FixedDelta = 0.02;

        internal static void Advance(double seconds)
        {
            Realtime += seconds;
            Delta = seconds;
            Time += seconds;
        }

        internal static void Reset()
        {
            Time = Delta = Realtime = 0;
        }
    }
}
