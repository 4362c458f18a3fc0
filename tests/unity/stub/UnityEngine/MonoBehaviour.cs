using System.Collections;
using System.Collections.Generic;
using UnityEngine.Stub;

namespace UnityEngine
{
    public class MonoBehaviour : Behaviour
    {
        internal readonly Messages messages;
        internal readonly List<Coroutine> coroutines = new List<Coroutine>();
        internal readonly int executionOrder;
        internal bool isAwake;
        internal bool isOn;
        internal bool isStarted;

        public MonoBehaviour()
        {
            messages = Messages.Of(this);
            executionOrder = Lifecycle.OrderOf(this);
        }

        public Coroutine StartCoroutine(IEnumerator routine)
        {
            MainThread.Require("StartCoroutine");
            if (routine == null) throw new System.NullReferenceException("routine is null");
            if (!gameObject.activeInHierarchy)
            {
                Debug.LogError("Coroutine couldn't be started because the the game object '" + OwnName + "' is inactive!");
                return null;
            }
            var coroutine = new Coroutine(routine);
            coroutines.Add(coroutine);
            Coroutines.Advance(this, coroutine);
            return coroutine;
        }

        public void StopCoroutine(IEnumerator routine) { coroutines.RemoveAll(one => one.routine == routine); }

        public void StopCoroutine(Coroutine routine) { coroutines.Remove(routine); }

        public void StopAllCoroutines() { coroutines.Clear(); }
    }
}
