// As UnityCsReference has it: Editor/Mono/Selection/Selection.bindings.cs, Unity 2023.3.0a10.
namespace UnityEditor
{
    public sealed partial class Selection
    {
        public static UnityEngine.Object activeObject { get; set; }
    }
}
