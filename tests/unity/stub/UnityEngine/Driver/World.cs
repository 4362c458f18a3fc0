using System;
using System.Collections.Generic;

namespace UnityEngine.Stub
{
    // All that exists: game objects in the order of their making, and what is to be destroyed.
    internal static class World
    {
        private struct Doom
        {
            internal Object target;
            internal double at;
        }

        private static readonly List<Doom> doomed = new List<Doom>();
        private static int lastId;

        internal static readonly List<GameObject> GameObjects = new List<GameObject>();

        internal static int NextId() { return System.Threading.Interlocked.Increment(ref lastId); }

        internal static void Add(GameObject gameObject) { GameObjects.Add(gameObject); }

        internal static void RequireAlive(Object target)
        {
            if (!target.isDestroyed) return;
            throw new MissingReferenceException(
                "The object of type '" + target.GetType().Name + "' has been destroyed but you are still trying to access it.");
        }

        internal static void DestroyLater(Object target, float seconds)
        {
            doomed.Add(new Doom { target = target, at = Clock.Time + seconds });
        }

        // At the end of a frame, before it would be drawn.
        internal static void DestroyDue()
        {
            for (int index = 0; index < doomed.Count; index++)
            {
                Doom doom = doomed[index];
                if (doom.at > Clock.Time) continue;
                doomed.RemoveAt(index--);
                if (doom.target != null) DestroyNow(doom.target);
            }
        }

        internal static void DestroyNow(Object target)
        {
            if (target is Transform) throw new InvalidOperationException("Can't destroy Transform component");
            var gameObject = target as GameObject;
            var component = target as Component;
            if (gameObject != null) DestroyGameObject(gameObject);
            else if (component != null)
            {
                Lifecycle.End(component);
                component.owner.components.Remove(component);
            }
            else
            {
                var asset = target as ScriptableObject;
                if (asset != null) Lifecycle.End(asset);
            }
            target.isDestroyed = true;
        }

        private static void DestroyGameObject(GameObject gameObject)
        {
            foreach (Component one in Below(gameObject)) Lifecycle.TurnOff(one);
            Remove(gameObject);
        }

        private static List<Component> Below(GameObject gameObject)
        {
            return new List<Component>(gameObject.GetComponentsInChildren<Component>(true));
        }

        private static void Remove(GameObject gameObject)
        {
            Transform transform = gameObject.transform;
            foreach (Transform child in transform.below.ToArray()) Remove(child.owner);
            foreach (Component one in gameObject.components.ToArray())
            {
                Lifecycle.End(one);
                if (!(one is Transform)) one.isDestroyed = true;
            }
            if (!ReferenceEquals(transform.above, null)) transform.above.below.Remove(transform);
            transform.isDestroyed = true;
            gameObject.isDestroyed = true;
            GameObjects.Remove(gameObject);
        }

        internal static void Clear()
        {
            doomed.Clear();
            GameObjects.Clear();
        }
    }
}
