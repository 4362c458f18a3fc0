// As UnityCsReference has it: Editor/Mono/EditorGUIUtility.bindings.cs, Unity 2020.1.0a3.
namespace UnityEditor
{
    public enum MessageType
    {
        None = 0,
        Info = 1,
        Warning = 2,
        Error = 3,
    }
}
