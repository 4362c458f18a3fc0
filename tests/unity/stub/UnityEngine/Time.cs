// As UnityCsReference has it: Runtime/Export/Time/Time.bindings.cs, commit 94cb8e2c; the doubles: Scripting API 2021.3.
using UnityEngine.Stub;

namespace UnityEngine
{
    public class Time
    {
        public static float time { get { return (float)Clock.Time; } }

        public static double timeAsDouble { get { return Clock.Time; } }

        public static double realtimeSinceStartupAsDouble { get { return Clock.Realtime; } }
    }
}
