// As UnityCsReference has it: Editor/Mono/BuildPipeline/BuildPipelineInterfaces.cs, Unity 6000.5.0b5.
namespace UnityEditor.Build
{
    public interface IOrderedCallback
    {
        int callbackOrder { get; }
    }
}
