namespace UnityEditor
{
    public partial class EditorUserBuildSettings : UnityEngine.Object
    {
        private EditorUserBuildSettings() { }

        public static BuildTargetGroup selectedBuildTargetGroup { get; set; } = BuildTargetGroup.Standalone;
    }
}
