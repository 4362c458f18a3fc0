using System;
using System.Collections.Generic;
using System.Reflection;

namespace UnityEngine.Stub
{
    // When scripts wake, go on and off, and end. Manual: "Order of execution for event functions".
    internal static class Lifecycle
    {
        // Scripts in the order of being made; the player loop sorts by execution order.
        internal static readonly List<MonoBehaviour> Scripts = new List<MonoBehaviour>();

        internal static Component Add(GameObject owner, Type type)
        {
            if (!typeof(Component).IsAssignableFrom(type) || type.IsAbstract)
            {
                throw new ArgumentException(type + " is no component that can be added");
            }
            if (type.IsDefined(typeof(DisallowMultipleComponent), true) && owner.GetComponent(type) != null)
            {
                Debug.LogError("Can't add '" + type.Name + "' to " + owner.OwnName
                    + " because a '" + type.Name + "' is already added to the game object!");
                return null;
            }
            var made = (Component)Activator.CreateInstance(type, true);
            Attach(owner, made);
            var script = made as MonoBehaviour;
            if (script != null) Wake(script);
            return made;
        }

        internal static void Attach(GameObject owner, Component component)
        {
            component.owner = owner;
            owner.components.Add(component);
            var script = component as MonoBehaviour;
            if (script != null) Scripts.Add(script);
        }

        internal static void ActivityChanged(GameObject gameObject)
        {
            foreach (MonoBehaviour script in gameObject.GetComponentsInChildren<MonoBehaviour>(true))
            {
                ActivityChanged(script);
            }
        }

        internal static void ActivityChanged(Behaviour behaviour)
        {
            var script = behaviour as MonoBehaviour;
            if (script == null || script.isDestroyed) return;
            if (script.owner.activeInHierarchy) Wake(script);
            if (!script.isActiveAndEnabled) TurnOff(script);
        }

        // Awake once, as soon as the game object is active; OnEnable right after, if enabled.
        internal static void Wake(MonoBehaviour script)
        {
            if (!script.owner.activeInHierarchy || !Player.IsPlaying) return;
            if (!script.isAwake)
            {
                script.isAwake = true;
                // A script whose Awake throws is disabled.
                if (!script.messages.Send(Message.Awake)) script.ownEnabled = false;
            }
            if (script.isDestroyed || !script.ownEnabled || script.isOn) return;
            script.isOn = true;
            script.messages.Send(Message.OnEnable);
        }

        internal static void TurnOff(Component component)
        {
            var script = component as MonoBehaviour;
            if (script == null) return;
            if (!script.isOn) return;
            script.isOn = false;
            script.messages.Send(Message.OnDisable);
        }

        internal static void End(Component component)
        {
            var script = component as MonoBehaviour;
            if (script == null) return;
            TurnOff(script);
            Scripts.Remove(script);
            // Scripts that never woke are destroyed in silence.
            if (script.isAwake) script.messages.Send(Message.OnDestroy);
        }

        internal static void End(ScriptableObject asset)
        {
            asset.messages.Send(Message.OnDisable);
            asset.messages.Send(Message.OnDestroy);
        }

        internal static int OrderOf(MonoBehaviour script)
        {
            var order = script.GetType().GetCustomAttribute<DefaultExecutionOrder>(true);
            return order == null ? 0 : order.order;
        }
    }
}
