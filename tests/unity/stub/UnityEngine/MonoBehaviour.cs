// As UnityCsReference has it: Runtime/Export/Scripting/MonoBehaviour.bindings.cs, Unity 6000.0.11f1.
using UnityEngine.Stub;

namespace UnityEngine
{
    public class MonoBehaviour : Behaviour
    {
        internal readonly Messages messages;
        internal readonly int executionOrder;
        internal bool isAwake;
        internal bool isOn;
        internal bool isStarted;

        public MonoBehaviour()
        {
            messages = Messages.Of(this);
            executionOrder = Lifecycle.OrderOf(this);
        }
    }
}
