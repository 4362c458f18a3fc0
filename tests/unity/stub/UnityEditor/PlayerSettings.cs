// As UnityCsReference has it: Editor/Mono/PlayerSettings.bindings.cs, Unity 2021.2.0a19.
using UnityEditor.Build;

namespace UnityEditor
{
    public sealed partial class PlayerSettings : UnityEngine.Object
    {
        private PlayerSettings() { }

        public static ScriptingImplementation GetScriptingBackend(NamedBuildTarget buildTarget)
        {
            return EditorDriver.Backend;
        }

        public static ApiCompatibilityLevel GetApiCompatibilityLevel(NamedBuildTarget buildTarget)
        {
            return EditorDriver.ApiLevel;
        }

        public static void SetApiCompatibilityLevel(NamedBuildTarget buildTarget, ApiCompatibilityLevel value)
        {
            EditorDriver.ApiLevel = value;
        }
    }
}
