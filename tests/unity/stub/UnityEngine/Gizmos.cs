// As UnityCsReference has it: Runtime/Export/Gizmos/Gizmos.bindings.cs, Unity 2019.3.0a5.
namespace UnityEngine
{
    public sealed partial class Gizmos
    {
        public static Color color { get; set; }

        public static void DrawLine(Vector3 from, Vector3 to) { }

        public static void DrawWireSphere(Vector3 center, float radius) { }
    }
}
