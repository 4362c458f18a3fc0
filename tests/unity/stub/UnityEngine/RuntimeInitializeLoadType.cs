// As UnityCsReference has it: Runtime/Export/Scripting/RuntimeInitializeOnLoadAttribute.cs, commit 02d565cf.
namespace UnityEngine
{
    public enum RuntimeInitializeLoadType
    {
        AfterSceneLoad = 0,
        BeforeSceneLoad = 1,
        AfterAssembliesLoaded = 2,
        BeforeSplashScreen = 3,
        SubsystemRegistration = 4,
    }
}
