// As Unity's Scripting API 2021.3 has it; its file of UnityCsReference was not at hand.
namespace UnityEditor.Build.Reporting
{
    public partial struct BuildSummary
    {
        public BuildTargetGroup platformGroup { get; internal set; }
    }
}
