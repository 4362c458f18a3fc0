// As UnityCsReference has it: Runtime/Export/Time/Time.bindings.cs, and the Script Reference of Unity 2021.3.
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
