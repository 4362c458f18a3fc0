// As UnityCsReference has it: Editor/Mono/Selection/Selection.bindings.cs, commit 258abdf1.
namespace UnityEditor
{
    public sealed partial class Selection
    {
        public static UnityEngine.Object activeObject { get; set; }
    }
}
