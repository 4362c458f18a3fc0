// As UnityCsReference has it: Runtime/Export/BaseClass.cs, Unity 2018.2.0a1.
namespace UnityEngine
{
    public enum LogType
    {
        Error = 0,
        Assert = 1,
        Warning = 2,
        Log = 3,
        Exception = 4,
    }
}
