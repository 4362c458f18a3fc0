using System;
using System.Collections;

namespace UnityEngine.Stub
{
    internal static class Coroutines
    {
        // After Update: all that wait for a frame, for time, or for another coroutine.
        internal static void AdvanceAll(bool isEndOfFrame)
        {
            foreach (MonoBehaviour script in Lifecycle.Scripts.ToArray())
            {
                if (script.coroutines.Count == 0) continue;
                foreach (Coroutine one in script.coroutines.ToArray())
                {
                    if (script.coroutines.Contains(one) && IsDue(one, isEndOfFrame)) Advance(script, one);
                }
            }
        }

        internal static void Advance(MonoBehaviour script, Coroutine coroutine)
        {
            try
            {
                coroutine.isDone = !coroutine.routine.MoveNext();
            }
            catch (Exception exception)
            {
                Debug.LogException(exception, script);
                coroutine.isDone = true;
            }
            if (coroutine.isDone)
            {
                script.coroutines.Remove(coroutine);
                return;
            }
            object wait = coroutine.routine.Current;
            var nested = wait as IEnumerator;
            coroutine.waitsFor = nested == null ? wait : script.StartCoroutine(nested);
            var seconds = wait as WaitForSeconds;
            coroutine.until = Clock.Time + (seconds == null ? 0 : seconds.seconds);
        }

        private static bool IsDue(Coroutine coroutine, bool isEndOfFrame)
        {
            if (coroutine.waitsFor is WaitForEndOfFrame != isEndOfFrame) return false;
            var other = coroutine.waitsFor as Coroutine;
            return other == null ? coroutine.until <= Clock.Time : other.isDone;
        }
    }
}
