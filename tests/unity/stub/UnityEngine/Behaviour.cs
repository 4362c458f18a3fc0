// As UnityCsReference has it: Runtime/Export/Scripting/Behaviour.bindings.cs, Unity 7000.0.0a7.
using UnityEngine.Stub;

namespace UnityEngine
{
    public class Behaviour : Component
    {
        internal bool ownEnabled = true;

        public bool enabled
        {
            get { World.RequireAlive(this); return ownEnabled; }
            set
            {
                MainThread.Require("set_enabled");
                World.RequireAlive(this);
                if (value == ownEnabled) return;
                ownEnabled = value;
                Lifecycle.ActivityChanged(this);
            }
        }

        public bool isActiveAndEnabled
        {
            get { World.RequireAlive(this); return ownEnabled && owner.activeInHierarchy; }
        }
    }
}
