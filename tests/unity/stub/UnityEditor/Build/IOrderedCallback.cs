// As UnityCsReference has it: Editor/Mono/BuildPipeline/BuildPipelineInterfaces.cs, commit 034d0d67.
namespace UnityEditor.Build
{
    public interface IOrderedCallback
    {
        int callbackOrder { get; }
    }
}
