// As UnityCsReference has it: Runtime/Export/Gizmos/Gizmos.bindings.cs, commit 2ea5a242.
namespace UnityEngine
{
    public sealed partial class Gizmos
    {
        public static Color color { get; set; }

        public static void DrawLine(Vector3 from, Vector3 to) { }

        public static void DrawWireSphere(Vector3 center, float radius) { }
    }
}
