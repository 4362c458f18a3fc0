namespace UnityEditor.Build.Reporting
{
    public partial struct BuildSummary
    {
        public BuildTargetGroup platformGroup { get; internal set; }
    }
}
