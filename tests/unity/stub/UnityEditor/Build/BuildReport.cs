// As UnityCsReference has it: Modules/BuildReportingEditor/Managed/BuildReport.bindings.cs, commit 049c81d8.
namespace UnityEditor.Build.Reporting
{
    public sealed partial class BuildReport : UnityEngine.Object
    {
        private BuildReport() { }

        internal static BuildReport For(BuildTargetGroup group)
        {
            return new BuildReport { summary = new BuildSummary { platformGroup = group } };
        }

        public BuildSummary summary { get; private set; }
    }
}
