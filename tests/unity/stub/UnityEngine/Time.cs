using UnityEngine.Stub;

namespace UnityEngine
{
    public class Time
    {
        public static float time { get { return (float)Clock.Time; } }

        public static double timeAsDouble { get { return Clock.Time; } }

        public static float deltaTime { get { return (float)Clock.Delta; } }

        public static float unscaledTime { get { return (float)Clock.UnscaledTime; } }

        public static double unscaledTimeAsDouble { get { return Clock.UnscaledTime; } }

        public static float unscaledDeltaTime { get { return (float)Clock.UnscaledDelta; } }

        public static float fixedTime { get { return (float)Clock.FixedTime; } }

        public static float fixedDeltaTime { get { return Clock.FixedDelta; } set { Clock.FixedDelta = value; } }

        public static float timeScale { get { return Clock.Scale; } set { Clock.Scale = value; } }

        public static int frameCount { get { return Clock.Frames; } }

        public static float realtimeSinceStartup { get { return (float)Clock.Realtime; } }

        public static double realtimeSinceStartupAsDouble { get { return Clock.Realtime; } }
    }
}
