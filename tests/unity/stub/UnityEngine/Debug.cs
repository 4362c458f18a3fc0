// As UnityCsReference has it: Runtime/Export/Debug/Debug.bindings.cs, Unity 6000.6.0b1.
using System;
using UnityEngine.Stub;

namespace UnityEngine
{
    public class Debug
    {
        public static void LogError(object message) { LogBook.Write(LogType.Error, message, null); }

        public static void LogError(object message, Object context) { LogBook.Write(LogType.Error, message, context); }

        public static void LogException(Exception exception, Object context)
        {
            LogBook.Write(LogType.Exception, exception, context);
        }
    }
}
