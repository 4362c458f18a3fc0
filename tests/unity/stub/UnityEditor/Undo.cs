// As UnityCsReference has it: Editor/Mono/Undo/Undo.bindings.cs, Unity 2018.2.0a1.
namespace UnityEditor
{
    public partial class Undo
    {
        public static void RegisterCreatedObjectUndo(UnityEngine.Object objectToUndo, string name) { }
    }
}
