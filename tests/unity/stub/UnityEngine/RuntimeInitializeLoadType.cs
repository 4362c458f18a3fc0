// As UnityCsReference has it: Runtime/Export/Scripting/RuntimeInitializeOnLoadAttribute.cs, Unity 2020.1.0a3.
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
