// As UnityCsReference has it: Runtime/Export/Resources/Resources.bindings.cs, Unity 2021.1.0a2.
using System.Collections.Generic;
using UnityEngine.Stub;

namespace UnityEngine
{
    public sealed partial class Resources
    {
        public static T[] FindObjectsOfTypeAll<T>() where T : Object
        {
            MainThread.Require("FindObjectsOfTypeAll");
            var found = new List<T>();
            foreach (GameObject one in World.GameObjects)
            {
                foreach (Component component in one.components)
                {
                    var match = component as T;
                    if (match != null) found.Add(match);
                }
            }
            return found.ToArray();
        }
    }
}
