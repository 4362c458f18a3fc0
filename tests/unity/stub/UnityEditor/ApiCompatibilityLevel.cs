// As UnityCsReference has it: Editor/Mono/PlayerSettings.bindings.cs, Unity 6000.6.0a7.
namespace UnityEditor
{
    public enum ApiCompatibilityLevel
    {
        NET_4_6 = 3,
        NET_Standard_2_0 = 6,
        NET_Standard = NET_Standard_2_0,
        NET_Unity_4_8 = NET_4_6,
    }
}
