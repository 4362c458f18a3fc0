// As UnityCsReference has it: Editor/Mono/PlayerSettings.bindings.cs, Unity 2021.2.
namespace UnityEditor
{
    public enum ScriptingImplementation
    {
        Mono2x = 0,
        IL2CPP = 1,
    }
}
