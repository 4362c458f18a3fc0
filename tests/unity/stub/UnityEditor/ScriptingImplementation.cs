// As UnityCsReference has it: Editor/Mono/PlayerSettings.bindings.cs, Unity 2021.2.0a19.
namespace UnityEditor
{
    public enum ScriptingImplementation
    {
        Mono2x = 0,
        IL2CPP = 1,
    }
}
