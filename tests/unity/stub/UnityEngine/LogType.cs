// As Unity's Scripting API 2021.3 has it; its file of UnityCsReference was not at hand.
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
