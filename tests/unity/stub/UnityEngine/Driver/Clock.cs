namespace UnityEngine.Stub
{
    // What Time shows. It stands still inside a frame.
    internal static class Clock
    {
        internal static double Time;
        internal static double Delta;
        internal static double UnscaledTime;
        internal static double UnscaledDelta;
        internal static double FixedTime;
        internal static double Realtime;
        internal static float FixedDelta = 0.02f;
        internal static float Scale = 1f;
        internal static int Frames;

        internal static void Advance(double seconds)
        {
            UnscaledDelta = seconds;
            UnscaledTime += seconds;
            Realtime += seconds;
            Delta = seconds * Scale;
            Time += Delta;
            Frames++;
        }

        internal static void Reset()
        {
            Time = Delta = UnscaledTime = UnscaledDelta = FixedTime = Realtime = 0;
            FixedDelta = 0.02f;
            Scale = 1f;
            Frames = 0;
        }
    }
}
