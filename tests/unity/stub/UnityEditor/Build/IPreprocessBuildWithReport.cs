// As UnityCsReference has it: Editor/Mono/BuildPipeline/BuildPipelineInterfaces.cs, Unity 6000.5.0b5.
using UnityEditor.Build.Reporting;

namespace UnityEditor.Build
{
    public interface IPreprocessBuildWithReport : IOrderedCallback
    {
        void OnPreprocessBuild(BuildReport report);
    }
}
