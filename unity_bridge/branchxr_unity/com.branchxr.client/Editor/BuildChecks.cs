using UnityEditor;
using UnityEditor.Build;
using UnityEditor.Build.Reporting;

namespace BranchXR.Editor
{
    /// <summary>Stops a build whose player could not run, and says why.</summary>
    internal sealed class BuildChecks : IPreprocessBuildWithReport
    {
        public int callbackOrder { get { return 0; } }

        public void OnPreprocessBuild(BuildReport report) { Check(report.summary.platformGroup); }

        /// <exception cref="BuildFailedException">Naming the first reason.</exception>
        internal static void Check(BuildTargetGroup group)
        {
            foreach (Finding finding in ProjectChecks.Run(group))
            {
                if (finding.StopsBuild) throw new BuildFailedException("BranchXR: " + finding.Error.Message);
            }
        }
    }
}
