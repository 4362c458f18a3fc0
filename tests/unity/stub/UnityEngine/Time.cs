// As UnityCsReference has it: Runtime/Export/Time/Time.bindings.cs, Unity 2020.2 and later.
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
