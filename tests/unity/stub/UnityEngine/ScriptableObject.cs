// As UnityCsReference has it: Runtime/Export/Scripting/ScriptableObject.bindings.cs, Unity 2023.2.0a5.
using System;
using UnityEngine.Stub;

namespace UnityEngine
{
    public class ScriptableObject : Object
    {
        internal readonly Messages messages;

        public ScriptableObject() { messages = Messages.Of(this); }

        public static T CreateInstance<T>() where T : ScriptableObject { return (T)CreateInstance(typeof(T)); }

        public static ScriptableObject CreateInstance(Type type)
        {
            MainThread.Require("CreateInstance");
            var made = (ScriptableObject)Activator.CreateInstance(type);
            made.messages.Send(Message.Awake);
            made.messages.Send(Message.OnEnable);
            return made;
        }
    }
}
