// As UnityCsReference has it: Modules/BuildReportingEditor/Managed/BuildReport.bindings.cs, Unity 6000.4.0a2.
namespace UnityEditor.Build.Reporting
{
    public sealed class BuildReport : UnityEngine.Object
    {
        private BuildReport() { }

        internal static BuildReport For(BuildTargetGroup group)
        {
            return new BuildReport { summary = new BuildSummary { platformGroup = group } };
        }

        public BuildSummary summary { get; private set; }
    }
}
