// As UnityCsReference has it: Editor/Mono/BuildPipeline/BuildPipelineInterfaces.cs, commit 034d0d67.
using UnityEditor.Build.Reporting;

namespace UnityEditor.Build
{
    public interface IPreprocessBuildWithReport : IOrderedCallback
    {
        void OnPreprocessBuild(BuildReport report);
    }
}
