using System;
using System.Collections.Generic;
using System.Reflection;

namespace UnityEngine.Stub
{
    internal enum Message
    {
        Awake, OnEnable, Start, FixedUpdate, Update, LateUpdate, OnDisable, OnDestroy, OnApplicationQuit,
        OnGUI,
    }

    // The methods of a script that the engine calls by name, bound once: sending allocates nothing.
    internal sealed class Messages
    {
        private static readonly int Count = Enum.GetValues(typeof(Message)).Length;
        private static readonly Dictionary<Type, MethodInfo[]> Known = new Dictionary<Type, MethodInfo[]>();
        private readonly Action[] bound = new Action[Count];
        private readonly Object target;

        private Messages(Object target)
        {
            this.target = target;
            MethodInfo[] methods = MethodsOf(target.GetType());
            for (int index = 0; index < Count; index++)
            {
                if (methods[index] == null) continue;
                bound[index] = (Action)Delegate.CreateDelegate(typeof(Action), target, methods[index]);
            }
        }

        internal static Messages Of(Object target) { return new Messages(target); }

        internal bool Has(Message message) { return bound[(int)message] != null; }

        // Sends; an exception of the script is logged, as Unity does, and answered with false.
        internal bool Send(Message message)
        {
            Action action = bound[(int)message];
            if (action == null) return true;
            try
            {
                action();
                return true;
            }
            catch (Exception exception)
            {
                Debug.LogException(exception, target);
                return false;
            }
        }

        private static MethodInfo[] MethodsOf(Type type)
        {
            lock (Known)
            {
                MethodInfo[] methods;
                if (Known.TryGetValue(type, out methods)) return methods;
                methods = new MethodInfo[Count];
                foreach (Message message in Enum.GetValues(typeof(Message)))
                {
                    methods[(int)message] = Find(type, message.ToString(), Type.EmptyTypes);
                }
                Known.Add(type, methods);
                return methods;
            }
        }

        // A message with an argument: rare, and not bound before.
        internal void Send(string message, bool argument)
        {
            MethodInfo method = Find(target.GetType(), message, new[] { typeof(bool) });
            if (method == null) return;
            try { method.Invoke(target, new object[] { argument }); }
            catch (TargetInvocationException wrapped) { Debug.LogException(wrapped.InnerException, target); }
        }

        // The most derived one, private ones of base classes too, as Unity finds them.
        private static MethodInfo Find(Type type, string name, Type[] parameters)
        {
            const BindingFlags Flags = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic
                | BindingFlags.DeclaredOnly;
            for (Type one = type; one != null && one != typeof(Object); one = one.BaseType)
            {
                MethodInfo method = one.GetMethod(name, Flags, null, parameters, null);
                if (method != null) return method;
            }
            return null;
        }
    }
}
