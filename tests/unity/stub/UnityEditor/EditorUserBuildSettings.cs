// As UnityCsReference has it: Editor/Mono/EditorUserBuildSettings.bindings.cs, Unity 2018.2.0a1.
namespace UnityEditor
{
    public partial class EditorUserBuildSettings : UnityEngine.Object
    {
        private EditorUserBuildSettings() { }

        public static BuildTargetGroup selectedBuildTargetGroup { get; set; } = BuildTargetGroup.Standalone;
    }
}
