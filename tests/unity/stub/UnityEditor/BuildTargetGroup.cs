// As UnityCsReference has it: Editor/Mono/BuildPipeline/BuildTargetGroup.cs, Unity 6000.5.0a5.
namespace UnityEditor
{
    public enum BuildTargetGroup
    {
        Unknown = 0,
        Standalone = 1,
        iOS = 4,
        Android = 7,
        WebGL = 13,
    }
}
