// As UnityCsReference has it: Modules/BuildReportingEditor/Managed/BuildSummary.cs, Unity 6000.5.0a5.
namespace UnityEditor.Build.Reporting
{
    public struct BuildSummary
    {
        public BuildTargetGroup platformGroup { get; internal set; }
    }
}
